/*
 * A Vulkan driver that is lavapipe and says that it is SwiftShader. Chromium takes no other driver that computes on the CPU, and SwiftShader
 * has no f16. Everything goes to lavapipe's library, which THIMBLE_LAVAPIPE names; only the names of vendor and device are changed on their way back.
 *
 *   cc -shared -fPIC -O1 -o libchromium_f16.so chromium_f16.c -ldl        scripts/chromium_f16.sh does it
 */
#include <dlfcn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORTED __attribute__((visibility("default")))

typedef void (*Function)(void);
typedef Function (*GetFunction)(void *instance, const char *name);
typedef void (*GetProperties)(void *device, void *properties);

/* VkPhysicalDeviceProperties begins with these words; VkPhysicalDeviceProperties2 has a type and a pointer before them. */
struct Properties {
  uint32_t apiVersion, driverVersion, vendorId, deviceId;
};
struct Properties2 {
  uint32_t type;
  void *next;
  struct Properties properties;
};

static GetFunction lavapipe;
static GetProperties getProperties, getProperties2;

static void pretend(struct Properties *properties) {
  properties->vendorId = 0x1ae0; /* Google */
  properties->deviceId = 0xc0de; /* SwiftShader */
}

static void properties(void *device, void *into) {
  getProperties(device, into);
  pretend(into);
}

static void properties2(void *device, void *into) {
  getProperties2(device, into);
  pretend(&((struct Properties2 *)into)->properties);
}

static void load(void) {
  if (lavapipe) return;
  const char *file = getenv("THIMBLE_LAVAPIPE");
  void *library = file ? dlopen(file, RTLD_NOW | RTLD_LOCAL) : NULL;
  if (library) lavapipe = (GetFunction)dlsym(library, "vk_icdGetInstanceProcAddr");
  if (!lavapipe) abort();
}

EXPORTED Function vk_icdGetInstanceProcAddr(void *instance, const char *name) {
  load();
  Function found = lavapipe(instance, name);
  if (!found) return found;
  if (strcmp(name, "vkGetPhysicalDeviceProperties") == 0) {
    getProperties = (GetProperties)found;
    return (Function)properties;
  }
  if (strcmp(name, "vkGetPhysicalDeviceProperties2") == 0 || strcmp(name, "vkGetPhysicalDeviceProperties2KHR") == 0) {
    getProperties2 = (GetProperties)found;
    return (Function)properties2;
  }
  return found;
}

EXPORTED Function vkGetInstanceProcAddr(void *instance, const char *name) {
  return vk_icdGetInstanceProcAddr(instance, name);
}

/* Version 3 of what the loader and its drivers agree upon has all that lavapipe needs here. */
EXPORTED int vk_icdNegotiateLoaderICDInterfaceVersion(uint32_t *version) {
  load();
  if (*version > 3) *version = 3;
  return 0;
}
