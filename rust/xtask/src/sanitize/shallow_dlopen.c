// Godot opens extensions with RTLD_DEEPBIND, by which they would find the system's malloc before AddressSanitizer's; its
// runtime refuses that. Loaded ahead of everything, this passes the flag on to nobody.
#define _GNU_SOURCE
#include <dlfcn.h>

void *dlopen(const char *file, int mode) {
	void *(*next)(const char *, int) = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
	return next(file, mode & ~RTLD_DEEPBIND);
}
