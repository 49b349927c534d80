import { expect, test } from '@jest/globals';
import { sourceLines, sourceStanzas } from '../../../scripts/debian-source.mjs';

const wanted = (suite: string) => suite.startsWith('noble');

test('one-line sources become deb-src lines, for the wanted suites', () => {
  const text = `# deb http://no noble main
deb [arch=amd64 signed-by=/k.gpg] http://a.example/ubuntu noble main restricted # words
deb-src http://b.example noble-updates main
deb http://b.example noble-updates main
deb cdrom:[disc]/ noble main
deb http://c.example other main
deb http://d.example noble stable
`;
  expect(sourceLines(text, wanted)).toBe(
    'deb-src [signed-by=/k.gpg] http://a.example/ubuntu noble main restricted\n' +
      'deb-src http://b.example noble-updates main\n',
  );
});

test('deb822 sources keep their other fields, keys too', () => {
  const text = `Types: deb
URIs: http://a.example/ubuntu
# a remark
Suites: noble other noble-updates
Components: main universe
Architectures: amd64
Signed-By:
 -----BEGIN
 .
 xyz

Enabled: no
Types: deb
URIs: http://b.example
Suites: noble
Components: main
`;
  expect(sourceStanzas(text, wanted)).toBe(`Types: deb-src
Suites: noble noble-updates
URIs: http://a.example/ubuntu
Components: main universe
Signed-By: -----BEGIN
 .
 xyz

`);
});
