"""Embeddings to anomaly scores: the profile's statistics, distances, thresholds, events.

Rule: numpy, scipy and scikit-learn only.
"""
