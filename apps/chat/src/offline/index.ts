/** The app without a network, new versions of it, and hosts that it may talk to. */
export { allowHost, chosenHosts, forgetHost, HostError } from './hosts.ts';
export { startOffline, type OfflineOptions } from './updates.ts';
