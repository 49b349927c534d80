# What a bmake would use if no makefile said otherwise. The colon keeps a shell from making way for the last command.
DISTMAKE_SHELL!= readlink /proc/$$$$/exe; :
