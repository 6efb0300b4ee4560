import { applyDecorators } from '@nestjs/common';
import { ApiHeader } from '@nestjs/swagger';
import { Describe, type Endpoint } from '#http';

const servedHeaders = {
  'Served-By': 'the read model that answered',
  'Data-Age': 'milliseconds: all that was written so long ago is in the answer',
  'Server-Timing': 'the stages of the answer: milliseconds, and entries of indexes read',
};
const pageHeaders = {
  'Next-Cursor': 'the cursor of the next page, when there is one',
};
const partialHeader = { Partial: 'services whose details are missing, which are null in the rows' };

const afterChange = ApiHeader({
  name: 'After-Change',
  description: 'the Change-Token of a write, or several of them with commas between: the answer shows at least that',
  required: false,
  schema: { type: 'string' },
});

/** Describes a handler that answers with what is stored, and takes the header `After-Change`. */
export const DescribeRead = (endpoint: Omit<Endpoint, 'headers'> & { isJoined?: boolean }): MethodDecorator => {
  const { isJoined, ...described } = endpoint;
  const headers = { ...servedHeaders, ...(endpoint.list && pageHeaders), ...(isJoined && partialHeader) };
  return applyDecorators(Describe({ ...described, headers }), afterChange);
};
