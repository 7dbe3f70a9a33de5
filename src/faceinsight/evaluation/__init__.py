"""Measuring predictions: metrics with bootstrap intervals, baselines, calibration, ablation."""
