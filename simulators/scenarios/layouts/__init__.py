"""Hub configurations that scenarios run; `hub check` accepts each."""
