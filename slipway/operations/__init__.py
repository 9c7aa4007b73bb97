"""
Operations that pyinfra lacks, one subject a file, with the names of their facts.
"""
