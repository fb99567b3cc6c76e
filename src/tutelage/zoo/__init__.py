"""The teacher zoo: teachers that come with Tutelage, of public buildings whose licence allows it."""

from tutelage.zoo.making import ZOO_NETWORKS, ZOO_SOURCES, make_zoo
from tutelage.zoo.shelf import ZOO, ListedTeacher, is_of_zoo, zoo_list, zoo_names, zoo_teacher, zoo_teachers

__all__ = [
    "ZOO",
    "ZOO_NETWORKS",
    "ZOO_SOURCES",
    "ListedTeacher",
    "is_of_zoo",
    "make_zoo",
    "zoo_list",
    "zoo_names",
    "zoo_teacher",
    "zoo_teachers",
]
