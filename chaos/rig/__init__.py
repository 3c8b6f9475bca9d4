"""The glue of a run: processes, signals and, above them, the run itself."""
