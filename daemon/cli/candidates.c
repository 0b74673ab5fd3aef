#include "daemon/cli/candidates.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/cli/progress.h"
#include "daemon/collect/survey.h"
#include "daemon/core/row.h"
#include "daemon/core/text.h"

struct trial {
    const char *endpoint;
    const char *address;
    struct candidates *candidates;
};

bool candidate_suits(const struct profile *profile, const char *endpoint)
{
    return (strncmp(endpoint, "modbus", 6) == 0) == (profile->protocol == PROFILE_MODBUS);
}

static bool on_done(void *ctx, int item, const struct sample *sample,
                    const struct collect_frame *frames, int n_frames)
{
    const struct trial *trial = ctx;
    struct candidates *candidates = trial->candidates;
    struct candidate *candidate = &candidates->candidate[item];
    uint8_t exception = 0;

    candidate->sample = *sample;
    candidate->answered =
        survey_answer(trial->endpoint, frames, n_frames, &exception) != NULL;
    identify_judge(candidate->profile, sample, &candidate->fit);
    progress_show("%s %s: profile %d of %d", trial->endpoint, trial->address, item + 1,
                  candidates->n);
    if (sample->status == SLOT_REFUSED ||
        (sample->status == SLOT_CONNECTION && n_frames == 0)) {
        (void)snprintf(candidates->unreachable, sizeof(candidates->unreachable), "%s, %s",
                       slot_status_name(sample->status), sample->detail);
        return false;
    }
    return true;
}

static int compare(const void *a, const void *b)
{
    const struct candidate *one = a;
    const struct candidate *other = b;
    int order = identify_compare(&one->fit, &other->fit);

    return order != 0 ? order : strcmp(one->profile->id, other->profile->id);
}

int candidates_read(const struct cli *cli, const char *endpoint, const char *address,
                    int64_t timeout_ms, struct candidates *ret_candidates)
{
    const struct profiles *profiles = &cli->setup->profiles;
    size_t cap = (size_t)profiles->n + 1;
    struct survey_item *item = calloc(cap, sizeof(*item));
    struct candidates candidates = {.candidate = calloc(cap, sizeof(struct candidate))};
    struct trial trial = {endpoint, address, &candidates};

    if (item == NULL || candidates.candidate == NULL) {
        free(item);
        candidates_done(&candidates);
        return cli_fail(EXIT_NO, "out of memory");
    }
    for (int i = 0; i < profiles->n; i++) {
        if (candidate_suits(&profiles->profile[i], endpoint)) {
            (void)text_copy(item[candidates.n].address, ADDRESS_LEN, address);
            item[candidates.n].profile = &profiles->profile[i];
            candidates.candidate[candidates.n++].profile = &profiles->profile[i];
        }
    }
    const struct survey_options options = {.endpoint = endpoint,
                                           .item = item,
                                           .n = candidates.n,
                                           .timeout_ms = timeout_ms,
                                           .done = on_done,
                                           .ctx = &trial};
    int err = collect_survey(&options);

    progress_end();
    free(item);
    if (err != 0) {
        candidates_done(&candidates);
        return cli_fail(EXIT_UNAVAILABLE, "cannot use %s", endpoint);
    }
    qsort(candidates.candidate, (size_t)candidates.n, sizeof(struct candidate), compare);
    *ret_candidates = candidates;
    return 0;
}

void candidates_done(struct candidates *candidates)
{
    free(candidates->candidate);
    candidates->candidate = NULL;
    candidates->n = 0;
}

static struct cell figure(const struct sample *sample, enum quantity quantity, int digits)
{
    return sample_has(sample, quantity) ? cell_decimal(sample->value[quantity], digits)
                                        : cell_null();
}

void candidate_figures(const struct candidate *candidate, struct cell *ret_cells)
{
    const struct sample *sample = &candidate->sample;

    ret_cells[0] = figure(sample, QUANTITY_VOLTAGE_A_MV, 3);
    ret_cells[1] = figure(sample, QUANTITY_FREQUENCY_MHZ, 3);
    ret_cells[2] = figure(sample, QUANTITY_POWER_W, 0);
    ret_cells[3] = sample_has(sample, QUANTITY_ENERGY_IMPORT_WH)
                       ? cell_int(ratio_apply(sample->value[QUANTITY_ENERGY_IMPORT_WH],
                                              candidate->profile->register_wh))
                       : cell_null();
}
