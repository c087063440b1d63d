#include "domain/build_state.h"

enum build_result build_unpack(struct domain *domain, const struct plan_image *image,
                               const struct module_config *module)
{
    (void)image;
    return build_fail(domain, module, "gzip", "arm64 Image", "compressed kernels cannot be unpacked yet");
}
