"""Fitting the network: from a config file, scenes and labels to weights.

Imports nothing by itself: `config_file.read_config` and `train.train` are where to start.
"""
