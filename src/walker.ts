import { parentPort } from 'node:worker_threads';
import { serveLooks } from './stage/look/walker-service.ts';

if (!parentPort) throw new Error('Internal error: this is the program of a thread');
serveLooks(parentPort);
