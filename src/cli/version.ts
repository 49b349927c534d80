/** That of package.json, which may not be there where the bundle is; a test compares them. */
export const VERSION = '0.1.0';
