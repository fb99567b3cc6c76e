"""Surrogate teachers as a user names them: files, those that come with Tutelage, and which of them to take."""
