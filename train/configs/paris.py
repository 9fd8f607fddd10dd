"""The paper's runs on Paris StreetView (14,900 training photos, section 4.1).

    python -m train run paris/image2feature --photos DIR --val DIR --work DIR

and the same for feature2image-128, -256 and -512, and each with -mixture. See paper.py for the
recipe.
"""

from train.configs.paper import paper

RUNS = paper(photos=14_900, epochs=100)
