#ifndef SELF_CHECK_H
#define SELF_CHECK_H

/* Prints what it did; returns how many checks failed. */
int self_check(void);
#endif
