"""Named runs: each file has `RUNS`, name -> Config; `python -m train run FILE/RUN`."""
