"""
Many running containers, converged or checked from outside at once.
"""
