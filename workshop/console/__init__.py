"""What facilitators see: one blueprint for each thing that they do."""
