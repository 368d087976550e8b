"""The command line: arguments to calls of `analyses`, results to text and an exit code; nothing else."""
