/* SPDX-License-Identifier: MIT */
#ifndef BASE_BANNED_H
#define BASE_BANNED_H

/*
 * Functions that invite mistakes become compile errors. The build includes
 * this file in front of every source file of src/ (-include), so it comes
 * after no system header that it could break: it pulls in those that declare
 * what it bans. It owns nothing.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BANNED(name) name##_is_banned_see_base_banned_h

#undef strcpy
#undef strcat
#undef strncpy
#undef strncat
#undef sprintf
#undef vsprintf
#undef strtok
#undef atoi
#undef atol
#undef atoll
#undef atof
#undef gets
#undef localtime
#undef gmtime
#undef ctime
#undef asctime
#define strcpy BANNED(strcpy)
#define strcat BANNED(strcat)
#define strncpy BANNED(strncpy)
#define strncat BANNED(strncat)
#define sprintf BANNED(sprintf)
#define vsprintf BANNED(vsprintf)
#define strtok BANNED(strtok)
#define atoi BANNED(atoi)
#define atol BANNED(atol)
#define atoll BANNED(atoll)
#define atof BANNED(atof)
#define gets BANNED(gets)
#define localtime BANNED(localtime)
#define gmtime BANNED(gmtime)
#define ctime BANNED(ctime)
#define asctime BANNED(asctime)

#endif
