"""The zoo: surrogate teachers and the pretrained matcher that come with Tutelage, and how they are made."""
