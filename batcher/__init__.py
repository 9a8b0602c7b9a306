"""From an artefact and a collection to Parquet. No torch."""
