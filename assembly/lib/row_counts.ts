/** How many query rows a tile has, as types: each tile function is compiled once per count. */
@unmanaged
export class One {
  @inline
  get rows(): u32 {
    return 1;
  }
}

@unmanaged
export class Two {
  @inline
  get rows(): u32 {
    return 2;
  }
}

@unmanaged
export class Three {
  @inline
  get rows(): u32 {
    return 3;
  }
}

@unmanaged
export class Four {
  @inline
  get rows(): u32 {
    return 4;
  }
}
