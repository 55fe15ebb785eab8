"""Frames to embeddings: the checkpoint, its preprocessing and its forward pass.

Rule: no Prefect, no pyarrow. torch and transformers are imported inside functions, so that reading
an encoder's identity costs nothing.
"""
