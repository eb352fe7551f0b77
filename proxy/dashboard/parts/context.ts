// What every view is given.

import type { Address, Go } from '../data/address';
import type { Stats } from '../data/contract';
import type { Polled } from '../data/poll';

export interface Page {
  address: Address;
  go: Go;
  stats: Polled<Stats>;
  pollMs: number;  // 0 when paused
 
}
