"""Real processes: started, watched, signalled, ended, so that none outlives the run."""
