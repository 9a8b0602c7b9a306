"""From a result's Parquet to something to look at."""
