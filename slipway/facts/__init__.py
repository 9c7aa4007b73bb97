"""
Facts that pyinfra lacks, one subject a file.
"""
