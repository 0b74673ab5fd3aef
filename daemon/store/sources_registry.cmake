set(STORE_REGISTRY_SOURCES registry.c registry_write.c imports.c)
