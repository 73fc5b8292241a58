"""What the checks know about every exercise: one module for each chapter, each with a tuple ``SPECS``."""
