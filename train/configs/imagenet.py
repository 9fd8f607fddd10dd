"""The paper's runs on ImageNet CLS-LOC (1,281,167 training photos, section 4.1).

    python -m train run imagenet/image2feature --photos DIR --val DIR --work DIR

and the same for feature2image-128, -256 and -512, and each with -mixture. See paper.py for the
recipe.
"""

from train.configs.paper import paper

RUNS = paper(photos=1_281_167, epochs=4)
