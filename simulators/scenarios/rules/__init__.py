"""Rule packs of scenarios whose coordinator decides by others than those of the practice hub."""
