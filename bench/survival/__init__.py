"""Runs whose driver, workers or decoding tasks are killed at random moments, and what becomes of the result.

python -m bench.survival --moments 20 --seed 0
"""
