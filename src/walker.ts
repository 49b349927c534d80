import { parentPort } from 'node:worker_threads';
import { serveLooks } from './stage/walker-service.ts';

if (!parentPort) throw new Error('Internal error: this is the program of a thread');
serveLooks(parentPort);
