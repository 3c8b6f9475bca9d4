"""The command line: options, progress, verdicts, exit codes."""
