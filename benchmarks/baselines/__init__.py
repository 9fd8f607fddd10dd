"""The methods that the paper compares with, small and honest, on tfpaint's own blocks."""
