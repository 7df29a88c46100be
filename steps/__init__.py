"""The course: per step a page and a module of the same name, and what several steps share."""
