"""A small course whose help takes many small steps, so that a kill finds something to interrupt."""
