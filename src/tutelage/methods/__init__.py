"""Methods: whatever `Localizer(method=...)` and `tutelage fit --method` take."""
