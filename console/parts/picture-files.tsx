import FileUpload from '@cloudscape-design/components/file-upload';
import FormField from '@cloudscape-design/components/form-field';

interface Props {
  readonly label: string;
  readonly description?: string;
  readonly files: readonly File[];
  readonly set: (files: readonly File[]) => void;
  readonly error?: string | undefined;
}

/** Bytes of a picture: what the local host takes. */
const largest = 8 * 1024 * 1024;

export const isFit = (file: File): boolean =>
  ['image/png', 'image/jpeg'].includes(file.type) && file.size <= largest;

/** A place for pictures, to drop on or to choose with. What is no picture is told at its name. */
export const PictureFiles = ({ label, description, files, set, error }: Props) => (
  <FormField label={label} description={description}>
    <FileUpload
      multiple
      accept="image/png,image/jpeg"
      value={files}
      onChange={({ detail }) => set(detail.value)}
      tokenLimit={3}
      showFileSize
      showFileThumbnail
      errorText={error}
      fileErrors={files.map((file) => (isFit(file) ? null : 'It must be a JPEG or PNG of at most 8 MB.'))}
      constraintText="JPEG or PNG, 8 MB each at most."
      i18nStrings={{
        uploadButtonText: () => 'Choose pictures',
        dropzoneText: () => 'Drop pictures here',
        removeFileAriaLabel: (index) => `Remove picture ${index + 1}`,
        limitShowFewer: 'Show fewer',
        limitShowMore: 'Show all',
        errorIconAriaLabel: 'Error',
        warningIconAriaLabel: 'Warning',
      }}
    />
  </FormField>
);
