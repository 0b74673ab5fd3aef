#include "drivers/dlt645/plan.h"

#include <string.h>

#include <ecmon/err.h>

#include "drivers/dlt645/frame.h"

static bool is_refused(const struct plan_options *options, uint32_t id)
{
    for (uint32_t i = 0; i < options->refused_n; i++) {
        if (options->refused[i] == id) {
            return true;
        }
    }
    return false;
}

/* What is asked for the point. Returns false when it cannot be read. */
static bool choose(const struct plan_options *options, const struct profile_point *point,
                   uint32_t *ret_id, uint16_t *ret_end)
{
    const struct profile_data *data = &point->data;

    if (!is_refused(options, data->id)) {
        *ret_id = data->id;
        *ret_end = (uint16_t)(data->offset + data->bytes);
        return true;
    }
    if (data->single_id == 0 || is_refused(options, data->single_id)) {
        return false;
    }
    *ret_id = data->single_id;
    *ret_end = data->bytes;
    return true;
}

static struct request *find(struct request *requests, int n, uint32_t id)
{
    for (int i = 0; i < n; i++) {
        if (requests[i].data_id == id) {
            return &requests[i];
        }
    }
    return NULL;
}

static struct request request_of(const struct profile *profile,
                                 const struct plan_options *options, uint32_t id)
{
    struct request request = {
        .function =
            profile->protocol == PROFILE_DLT645_1997 ? FUNCTION_READ_1997 : FUNCTION_READ,
        .edition = (uint8_t)profile->protocol,
        .data_id = id,
    };

    memcpy(request.meter_address, options->meter_address, METER_ADDRESS_LEN);
    return request;
}

int dlt645_plan(const struct profile *profile, const struct plan_options *options,
                struct request *ret_requests, int cap)
{
    int n = 0;

    if (profile->protocol == PROFILE_MODBUS) {
        return ERR_RANGE;
    }
    for (int i = 0; i < profile->n_points; i++) {
        const struct profile_point *point = &profile->point[i];
        uint32_t id = 0;
        uint16_t end = 0;

        if ((options->groups >> quantity_group(point->quantity) & 1U) == 0 ||
            !choose(options, point, &id, &end)) {
            continue;
        }
        struct request *request = find(ret_requests, n, id);

        if (request == NULL) {
            if (n == cap) {
                return ERR_RANGE;
            }
            request = &ret_requests[n++];
            *request = request_of(profile, options, id);
        }
        request->count = end > request->count ? end : request->count;
    }
    return n;
}
