/* SPDX-License-Identifier: Apache-2.0
 *
 * Tailqs: where each DPDK library keeps the list of its named objects. The libraries register themselves in
 * constructors, before main. The locks around the lists have nobody to keep out: there is one core.
 */
#include <rte_common.h>
#include <rte_eal_memconfig.h>
#include <rte_string_fns.h>
#include <rte_tailq.h>

static struct rte_tailq_head heads[RTE_MAX_TAILQ];

struct rte_tailq_head *rte_eal_tailq_lookup(const char *name)
{
	for (unsigned int i = 0; i < RTE_MAX_TAILQ; i++)
		if (strcmp(heads[i].name, name) == 0)
			return &heads[i];
	return NULL;
}

int rte_eal_tailq_register(struct rte_tailq_elem *element)
{
	struct rte_tailq_head *head = rte_eal_tailq_lookup(element->name);

	if (head == NULL) {
		head = rte_eal_tailq_lookup("");
		if (head == NULL)
			return -1;
		rte_strscpy(head->name, element->name, sizeof(head->name));
		TAILQ_INIT(&head->tailq_head);
	}
	element->head = head;
	return 0;
}

void rte_mcfg_tailq_read_lock(void)
{
}

void rte_mcfg_tailq_read_unlock(void)
{
}

void rte_mcfg_tailq_write_lock(void)
{
}

void rte_mcfg_tailq_write_unlock(void)
{
}

void rte_mcfg_mempool_read_lock(void)
{
}

void rte_mcfg_mempool_read_unlock(void)
{
}

void rte_mcfg_mempool_write_lock(void)
{
}

void rte_mcfg_mempool_write_unlock(void)
{
}
