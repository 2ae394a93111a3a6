/* SPDX-License-Identifier: Apache-2.0
 *
 * Trace points and telemetry, which are never on: the libraries name them, and nothing comes of it.
 */
#include <errno.h>
#include <stddef.h>
#include <rte_common.h>
#include <rte_per_lcore.h>
#include <rte_telemetry.h>
#include <rte_trace_point.h>

RTE_DEFINE_PER_LCORE(void *, trace_mem);
RTE_DEFINE_PER_LCORE(volatile int, trace_point_sz);

void __rte_trace_mem_per_thread_alloc(void)
{
}

void __rte_trace_point_emit_field(size_t size __rte_unused, const char *field __rte_unused,
				  const char *type __rte_unused)
{
}

int __rte_trace_point_register(rte_trace_point_t *trace __rte_unused, const char *name __rte_unused,
			       void (*describe)(void) __rte_unused)
{
	return 0;
}

int rte_telemetry_register_cmd(const char *command __rte_unused, telemetry_cb answer __rte_unused,
			       const char *help __rte_unused)
{
	return 0;
}

int rte_tel_data_start_array(struct rte_tel_data *data __rte_unused,
			     enum rte_tel_value_type type __rte_unused)
{
	return -ENOTSUP;
}

int rte_tel_data_start_dict(struct rte_tel_data *data __rte_unused)
{
	return -ENOTSUP;
}

int rte_tel_data_add_array_string(struct rte_tel_data *data __rte_unused, const char *value __rte_unused)
{
	return -ENOTSUP;
}

int rte_tel_data_add_dict_string(struct rte_tel_data *data __rte_unused, const char *name __rte_unused,
				 const char *value __rte_unused)
{
	return -ENOTSUP;
}

int rte_tel_data_add_dict_int(struct rte_tel_data *data __rte_unused, const char *name __rte_unused,
			      int value __rte_unused)
{
	return -ENOTSUP;
}

int rte_tel_data_add_dict_u64(struct rte_tel_data *data __rte_unused, const char *name __rte_unused,
			      uint64_t value __rte_unused)
{
	return -ENOTSUP;
}
