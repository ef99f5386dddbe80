import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { detectLanguage, knownLanguages } from '../../src/tasks/detect_language.ts';

/** The same sentence in many languages, none of them from what the profiles were made of. */
const samples: Readonly<Record<string, string>> = {
  ar: 'كل صباح يشرب أخي كوبًا من الشاي قبل أن يذهب إلى العمل.',
  bg: 'Всяка сутрин брат ми пие чаша чай, преди да отиде на работа.',
  cs: 'Každé ráno můj bratr vypije šálek čaje, než jde do práce.',
  da: 'Hver morgen drikker min bror en kop te, før han går på arbejde.',
  de: 'Jeden Morgen trinkt mein Bruder eine Tasse Tee, bevor er zur Arbeit geht.',
  el: 'Κάθε πρωί ο αδερφός μου πίνει ένα φλιτζάνι τσάι πριν πάει στη δουλειά.',
  en: 'Every morning my brother drinks a cup of tea before he goes to work.',
  es: 'Cada mañana mi hermano bebe una taza de té antes de ir al trabajo.',
  fi: 'Joka aamu veljeni juo kupin teetä ennen kuin hän menee töihin.',
  fr: 'Chaque matin, mon frère boit une tasse de thé avant d’aller au travail.',
  he: 'כל בוקר אחי שותה כוס תה לפני שהוא הולך לעבודה.',
  hi: 'हर सुबह मेरा भाई काम पर जाने से पहले एक कप चाय पीता है।',
  hu: 'A bátyám minden reggel megiszik egy csésze teát, mielőtt munkába megy.',
  it: 'Ogni mattina mio fratello beve una tazza di tè prima di andare al lavoro.',
  ja: '毎朝、兄は仕事に行く前にお茶を一杯飲みます。',
  ko: '매일 아침 형은 출근하기 전에 차를 한 잔 마신다.',
  nl: 'Elke ochtend drinkt mijn broer een kopje thee voordat hij naar zijn werk gaat.',
  pl: 'Każdego ranka mój brat pije filiżankę herbaty, zanim pójdzie do pracy.',
  pt: 'Todas as manhãs o meu irmão bebe uma chávena de chá antes de ir trabalhar.',
  ro: 'În fiecare dimineață fratele meu bea o ceașcă de ceai înainte de a merge la muncă.',
  ru: 'Каждое утро мой брат пьёт чашку чая перед тем, как идти на работу.',
  sv: 'Varje morgon dricker min bror en kopp te innan han går till jobbet.',
  sw: 'Kila asubuhi kaka yangu hunywa kikombe cha chai kabla ya kwenda kazini.',
  th: 'ทุกเช้าพี่ชายของฉันดื่มชาหนึ่งถ้วยก่อนไปทำงาน',
  tr: 'Kardeşim her sabah işe gitmeden önce bir fincan çay içer.',
  uk: 'Щоранку мій брат п’є чашку чаю перед тим, як іти на роботу.',
  ur: 'ہر صبح میرا بھائی کام پر جانے سے پہلے ایک کپ چائے پیتا ہے۔',
  vi: 'Mỗi sáng anh trai tôi uống một tách trà trước khi đi làm.',
  zh: '每天早上我哥哥上班前都要喝一杯茶。',
};

describe('detectLanguage', () => {
  it.each(Object.entries(samples))('%s', async (language, text) => {
    const [first] = await detectLanguage(text);
    expect(first).toMatchObject({ language });
    expect(first!.confidence).toBeGreaterThan(0.5);
  });

  it('has confidences that are at most 1 together, the largest first', async () => {
    for (const text of [...Object.values(samples), 'a', 'ok']) {
      const found = (await detectLanguage(text)).map(({ confidence }) => confidence);
      expect(found.reduce((sum, each) => sum + each, 0)).toBeLessThan(1);
      expect(found).toEqual([...found].sort((a, b) => b - a));
    }
  });

  it('tells the languages of a mixed text by their shares', async () => {
    const found = await detectLanguage(`${samples['en']} ${samples['ru']}`);
    expect(
      found
        .slice(0, 2)
        .map(({ language }) => language)
        .sort(),
    ).toEqual(['en', 'ru']);
    expect(found[1]!.confidence).toBeGreaterThan(0.3);
  });

  it('considers what it is told to alone', async () => {
    const [first] = await detectLanguage(samples['de']!, { among: ['nl', 'sv', 'fr'] });
    expect(first!.language).toBe('nl');
    expect(await detectLanguage(samples['el']!, { among: ['en'] })).toEqual([]);
  });

  it('says nothing about texts without letters', async () => {
    for (const text of ['', ' \n', '12 + 30 = 42', '🙂']) expect(await detectLanguage(text)).toEqual([]);
  });

  it('refuses what it cannot take', async () => {
    await expect(detectLanguage(7 as never)).rejects.toThrow('the text is number, expected a string');
    await expect(detectLanguage('x', { within: [] } as never)).rejects.toThrow(
      'unknown option of detectLanguage within',
    );
    await expect(detectLanguage('x', { signal: AbortSignal.abort() })).rejects.toThrow(/abort/);
  });

  it('knows some 80 languages, in less than 60 kB that load on demand', async () => {
    expect((await knownLanguages()).length).toBeGreaterThan(75);
    const web = fileURLToPath(new URL('../../dist/web', import.meta.url));
    const file = readdirSync(web).find((name) => /^language_profiles.*\.js$/.test(name));
    expect(statSync(join(web, file!)).size).toBeLessThan(60_000);
  });
});
