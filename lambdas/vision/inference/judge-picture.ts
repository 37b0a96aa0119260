import { PictureRefused, type Verdict } from '../../domain/verdict.ts';
import type { Picture } from '../pictures/decode.ts';
import { sizeText } from '../pictures/size-text.ts';
import type { LoadedModel } from './model.ts';

/** @throws PictureRefused if the picture has other dimensions than the model's; else as `judge` */
export async function judgePicture(model: LoadedModel, picture: Picture): Promise<Verdict> {
  const { width, height } = model.manifest.picture;
  if (picture.width !== width || picture.height !== height) {
    throw new PictureRefused(
      `The picture is ${sizeText(picture)}; this model judges pictures of ${width} x ${height}.`,
    );
  }
  return model.judge(picture);
}
