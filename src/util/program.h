/* program.h - where the other programs are
 * SPDX-License-Identifier: ISC */
#ifndef MSGSTORE_PROGRAM_H
#define MSGSTORE_PROGRAM_H

#define PROGRAM_PATH_OCTETS	1024

/*
 * The path of another of our programs: beside the one that runs, which is where
 * both are installed and where both are built; else in the directory that
 * configure was told.
 */
void program_path(const char *name, char path_r[PROGRAM_PATH_OCTETS]);

#endif
