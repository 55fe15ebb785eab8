"""Footage to frames: finding files, probing, decoders, clip arithmetic, time.

Rule: no Prefect, no pyarrow, no torch. Decoders are imported inside their adapters.
"""
