"""Chapters 3 to 8: the data that models are trained on, one module a task.

Sentences, orders and recall tasks are generated; digits and the karate club ship inside packages. Nothing is
downloaded.
"""
