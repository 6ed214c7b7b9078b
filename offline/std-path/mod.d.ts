// The part of @std/path that this repository uses.
export declare function basename(path: string): string;
export declare function dirname(path: string): string;
export declare function fromFileUrl(url: string | URL): string;
export declare function join(path: string, ...paths: string[]): string;
export declare function relative(from: string, to: string): string;
export declare function resolve(...paths: string[]): string;
